"""A small schema that questions of the tests are about."""

from connectors.sql.port import Column, ForeignKey, Schema, Table

SERVICE_KEY = (ForeignKey(("service_id",), "service", ("id",)),)
SERVICE = Table(
    "service",
    (
        Column("id", "integer"),
        Column("name", "varchar", samples=("checkout", "checkout-api", "payments")),
        Column("team", "varchar", samples=("money", "shop")),
    ),
    key=("id",),
)
INCIDENT = Table(
    "incident",
    (
        Column("id", "integer"),
        Column("service_id", "integer"),
        Column("severity", "varchar", samples=("P1", "P2")),
        Column("status", "varchar", samples=("open", "resolved")),
        Column("opened_at", "timestamp"),
        Column("resolved_at", "timestamp"),
        Column("duration_minutes", "integer"),
    ),
    key=("id",),
    foreign_keys=SERVICE_KEY,
)
DEPLOYMENT = Table(
    "deployment",
    (
        Column("id", "integer"),
        Column("service_id", "integer"),
        Column("env", "varchar", samples=("prod", "staging")),
        Column("version", "varchar"),
        Column("deployed_at", "timestamp"),
    ),
    key=("id",),
    foreign_keys=SERVICE_KEY,
)
SHOP = Schema((DEPLOYMENT, INCIDENT, SERVICE), "public")

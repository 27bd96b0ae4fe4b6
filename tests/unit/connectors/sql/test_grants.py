"""What SHOW GRANTS lets somebody change."""

import pytest

from connectors.sql.grants import changes


@pytest.mark.parametrize(
    ("grant", "told"),
    [
        ("GRANT SELECT(id, v), SHOW TABLES, dictGet ON shop.* TO ann", ""),
        ("GRANT SELECT (`a`, `b`), SHOW VIEW ON `shop`.`t` TO `ann`@`%`", ""),
        ("GRANT USAGE ON *.* TO `ann`@`%` IDENTIFIED BY PASSWORD '*1'", ""),
        ("GRANT SELECT, INSERT, ALTER UPDATE ON shop.t TO ann", "INSERT, ALTER UPDATE on shop.t"),
        ("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION", "ALL PRIVILEGES on *.*"),
        ("GRANT reader TO ann", ""),
    ],
)
def test_grants_tell_what_they_let_change(grant: str, told: str) -> None:
    assert changes(grant) == told

"""What is counted for Prometheus: questions by how they ended and how long they took, alerts, and diagnoses."""

from prometheus_client import Counter, Histogram

ANSWERED = Counter("nightshift_questions_total", "Questions by the kind of card they ended in", ["kind", "level"])
SECONDS = Histogram(
    "nightshift_question_seconds",
    "Seconds from the start of a question's journey to its card",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120),
)
ALERTS = Counter("nightshift_alerts_total", "Reports of alerts that were kept, by the receiver", ["receiver"])
REFUSED_CALLS = Counter(
    "nightshift_alert_calls_refused_total", "Calls of monitoring systems that were not taken", ["receiver", "status"]
)
SORTED = Counter("nightshift_alerts_sorted_total", "Reports of alerts that were sorted into incidents")
DIAGNOSED = Counter("nightshift_diagnoses_total", "Diagnoses by what was settled", ["outcome"])

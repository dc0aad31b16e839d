"""An audit in one call: which groups a model fails, and what would serve them better."""

from skgroup.auditing._audit import audit
from skgroup.auditing._audit_report import AuditReport

__all__ = ["AuditReport", "audit"]

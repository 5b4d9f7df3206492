from .choices import AccessTrack, ConsentHow, EmploymentKind, OrderedMetric, Programme, RTMSystem, VisitKind
from .consent import Consent, ConsentWording
from .enrolment import Education, ProgrammeEnrolment
from .history import BillingFactsVersion, ZoneChange, zones_in_force
from .order import AccessAlignment, ApcmPeriod, MonitoringOrder, PracticeAttestation, QualifyingVisit
from .payer import Coverage, Payer, PriorAuthorisation
from .person import BillingPractitioner, Credential, Employment
from .recorded_fact import DatedFact, DatedPatientFact, PatientFact, RecordedFact, RecordedFactQuerySet

__all__ = [
    "AccessAlignment",
    "AccessTrack",
    "ApcmPeriod",
    "BillingFactsVersion",
    "BillingPractitioner",
    "Consent",
    "ConsentHow",
    "ConsentWording",
    "Coverage",
    "Credential",
    "DatedFact",
    "DatedPatientFact",
    "Education",
    "Employment",
    "EmploymentKind",
    "MonitoringOrder",
    "OrderedMetric",
    "PatientFact",
    "Payer",
    "PracticeAttestation",
    "PriorAuthorisation",
    "Programme",
    "ProgrammeEnrolment",
    "QualifyingVisit",
    "RTMSystem",
    "RecordedFact",
    "RecordedFactQuerySet",
    "VisitKind",
    "ZoneChange",
    "zones_in_force",
]

from .distiller import Distiller as Distiller
from .hybrid_order import HybridOrderDistiller as HybridOrderDistiller
from .privileged import PrivilegedDistiller as PrivilegedDistiller
from .privileged import PrivilegedTeacherTrainer as PrivilegedTeacherTrainer

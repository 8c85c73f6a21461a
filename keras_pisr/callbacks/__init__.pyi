from .progress import Progress as Progress
from .resumable import Resumable as Resumable

from . import callbacks as callbacks
from . import cli as cli
from . import data as data
from . import distillers as distillers
from . import evaluation as evaluation
from . import forms as forms
from . import inference as inference
from . import losses as losses
from . import metrics as metrics
from . import mobile as mobile
from . import models as models
from . import optimizers as optimizers
from . import presets as presets
from .evaluation import evaluate as evaluate
from .evaluation import plot_history as plot_history
from .evaluation import side_by_side as side_by_side
from .inference import upscale as upscale
from .presets import from_preset as from_preset
from .presets import load_student as load_student

__version__: str

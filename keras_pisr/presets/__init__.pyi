from .catalog import CATALOG as CATALOG
from .keras_file import load_student as load_student
from .model_card import model_card as model_card
from .preset import from_preset as from_preset
from .preset import save_to_preset as save_to_preset
from .sources import near_names as near_names

from .files import upscale_files as upscale_files
from .formats.picture import Picture as Picture
from .formats.picture import read_picture as read_picture
from .image import upscale as upscale
from .image import upscaled_bands as upscaled_bands
from .network import Network as Network
from .video.video_file import upscale_video as upscale_video

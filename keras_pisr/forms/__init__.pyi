from .host import has_host_form as has_host_form
from .host import host_form as host_form
from .int8.quantized import quantized_form as quantized_form
from .int8.quantized import settle_ranges as settle_ranges
from .leaky import Leaky as Leaky
from .npu import npu_form as npu_form
from .phone import deployed_form as deployed_form
from .rgb import whole_image as whole_image

"""The presets that come with the package: pure data, one entry a folder in `shipped/`."""

CATALOG = {
    "fsrcnn_x2": {
        "class": "FSRCNN",
        "description": "x2 luma, trained alone",
        "scale": 2,
        "parameters": 12809,
        "psnr": {"Set5": 37.14, "Set14": 32.71, "B100": 31.62},
    },
    "residual_fsrcnn_x2": {
        "class": "ResidualFSRCNN",
        "description": "x2 luma, for 8 bit, trained alone",
        "scale": 2,
        "parameters": 14620,
        "psnr": {"Set5": 37.02, "Set14": 32.58, "B100": 31.56},
    },
    "fsrcnn_x3": {
        "class": "FSRCNN",
        "description": "x3 luma, trained alone",
        "scale": 3,
        "parameters": 12809,
        "psnr": {"Set5": 33.25, "Set14": 29.55, "B100": 28.62},
    },
    "fsrcnn_x4": {
        "class": "FSRCNN",
        "description": "x4 luma, trained alone",
        "scale": 4,
        "parameters": 12809,
        "psnr": {"Set5": 30.97, "Set14": 27.77, "B100": 27.1},
    },
}

"""The presets that come with the package: pure data, one entry a folder in `shipped/`."""

# What users are told to take, and what is there for the figures of a table.
RECOMMENDED, FOR_TABLES = "recommended", "kept for the tables"

CATALOG = {
    "fsrcnn_x2": {
        "class": "FSRCNN",
        "description": "x2 luma, trained alone",
        "status": FOR_TABLES,
        "scale": 2,
        "parameters": 12809,
        "psnr": {"Set5": 37.21, "Set14": 32.76, "B100": 31.65},
    },
    "fsrcnn_x2_pisr": {
        "class": "FSRCNN",
        "description": "x2 luma, trained by PISR",
        "status": FOR_TABLES,
        "scale": 2,
        "parameters": 12809,
        "psnr": {"Set5": 37.2, "Set14": 32.7, "B100": 31.63},
    },
    "fsrcnn_x2_mixed": {
        "class": "FSRCNN",
        "description": "x2 luma, trained alone, on drawings too",
        "status": RECOMMENDED,
        "scale": 2,
        "parameters": 12809,
        "psnr": {"Set5": 37.17, "Set14": 32.74, "B100": 31.62},
    },
    "residual_fsrcnn_x2": {
        "class": "ResidualFSRCNN",
        "description": "x2 luma, for 8 bit, trained alone",
        "status": FOR_TABLES,
        "scale": 2,
        "parameters": 14620,
        "psnr": {"Set5": 37.16, "Set14": 32.73, "B100": 31.61},
    },
    "fsrcnn_x3": {
        "class": "FSRCNN",
        "description": "x3 luma, trained alone",
        "status": FOR_TABLES,
        "scale": 3,
        "parameters": 12809,
        "psnr": {"Set5": 33.29, "Set14": 29.56, "B100": 28.63},
    },
    "fsrcnn_x3_pisr": {
        "class": "FSRCNN",
        "description": "x3 luma, trained by PISR",
        "status": FOR_TABLES,
        "scale": 3,
        "parameters": 12809,
        "psnr": {"Set5": 33.27, "Set14": 29.55, "B100": 28.6},
    },
    "fsrcnn_x3_mixed": {
        "class": "FSRCNN",
        "description": "x3 luma, trained alone, on drawings too",
        "status": RECOMMENDED,
        "scale": 3,
        "parameters": 12809,
        "psnr": {"Set5": 33.25, "Set14": 29.55, "B100": 28.61},
    },
    "fsrcnn_x4": {
        "class": "FSRCNN",
        "description": "x4 luma, trained alone",
        "status": FOR_TABLES,
        "scale": 4,
        "parameters": 12809,
        "psnr": {"Set5": 31.0, "Set14": 27.77, "B100": 27.13},
    },
    "fsrcnn_x4_pisr": {
        "class": "FSRCNN",
        "description": "x4 luma, trained by PISR",
        "status": FOR_TABLES,
        "scale": 4,
        "parameters": 12809,
        "psnr": {"Set5": 31.01, "Set14": 27.79, "B100": 27.13},
    },
    "fsrcnn_x4_mixed": {
        "class": "FSRCNN",
        "description": "x4 luma, trained alone, on drawings too",
        "status": RECOMMENDED,
        "scale": 4,
        "parameters": 12809,
        "psnr": {"Set5": 30.97, "Set14": 27.76, "B100": 27.12},
    },
    "plain_sr_x2_small": {
        "class": "PlainSR",
        "description": "x2 luma, trained alone, on drawings too",
        "scale": 2,
        "parameters": 12696,
        "psnr": {"Set5": 37.15, "Set14": 32.73, "B100": 31.63},
    },
}

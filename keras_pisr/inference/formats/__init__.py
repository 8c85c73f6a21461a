"""Image files in and out, band by band, with depth, profile and transparency kept."""

"""Images that need no download: drawings, letters, and the photographs of scikit-image."""

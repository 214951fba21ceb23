"""Reports on paper: their parts, and how these are laid out as a page of HTML and as a PDF."""

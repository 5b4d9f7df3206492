"""Reading of uploaded files: CSV text and XLSX workbooks to rows of text, within limits, refused in words."""

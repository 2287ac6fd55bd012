"""Ways in which a spreadsheet writes a CSV again (texts with commas) that it was given."""

SAVED_AGAIN = {
    "semicolons": lambda text: text.replace(",", ";").encode("utf-8-sig"),
    "cp1252": lambda text: text.encode("cp1252"),
    "UTF-16 with tabs": lambda text: text.replace(",", "\t").encode("utf-16"),
    "a hint": lambda text: f"sep=,\r\n{text}".encode(),
    "a hint of its own": lambda text: f"sep=^\r\n{text.replace(',', '^')}".encode(),
    "old line ends": lambda text: text.replace("\r\n", "\r").encode(),
    "empty rows": lambda text: f"{text},,\r\n,\r\n\r\n".encode(),
}

"""Just enough YAML to write a config.yml the way a person would: nested maps, lists of maps or scalars."""


def dump(value: dict, indent: int = 0) -> str:
    pad = "  " * indent
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines.append(f"{pad}{key}:" + ("\n" + dump(item, indent + 1).rstrip("\n") if item else " {}"))
        elif isinstance(item, list) and any(isinstance(entry, dict) for entry in item):
            lines.append(f"{pad}{key}:")
            for entry in item:
                body = dump(entry, indent + 2).rstrip("\n")
                lines.append(f"{pad}  - " + body[len(pad) + 4 :])
        elif isinstance(item, list):
            lines.append(f"{pad}{key}: [" + ", ".join(scalar(entry) for entry in item) + "]")
        else:
            lines.append(f"{pad}{key}: {scalar(item)}")
    return "\n".join(lines) + "\n"


def scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    plain = text and text[0] not in "!&*[]{}#|>@`\"'%:-," and ": " not in text and " #" not in text
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

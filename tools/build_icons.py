"""Draw the icon sprite: the icons named in tools/icons.txt, from the npm package @tabler/icons, in one cached file.

Development only. `tools/build_css.sh` fetches the package and calls this; the result is committed.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ROOT / "tools" / "icons.txt"
SPRITE = ROOT / "static" / "icons.svg"
INVISIBLE = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'


def symbol(package: Path, name: str) -> str:
    """One icon as a <symbol>, without the frame that only drawing programs need."""
    source = (package / "icons" / "outline" / f"{name}.svg").read_text()
    body = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", source, flags=re.S).replace(INVISIBLE, "")
    drawing = re.sub(r"\s*/>", "/>", re.sub(r">\s+<", "><", body.strip()))
    return f'<symbol id="i-{name}" viewBox="0 0 24 24">{drawing}</symbol>'


def main(package: Path) -> None:
    """Write static/icons.svg; a name the package does not have stops with the file it looked for."""
    names = sorted(set(NAMES.read_text().split()))
    symbols = "\n".join(symbol(package, name) for name in names)
    notice = "<!-- Tabler Icons, MIT, licence in vendor/tabler-icons.LICENSE. Made by tools/build_css.sh. -->"
    SPRITE.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{notice}\n{symbols}\n</svg>\n')
    sys.stdout.write(f"{SPRITE.relative_to(ROOT)}: {len(names)} icons, {SPRITE.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

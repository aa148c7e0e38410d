"""Writes the C++ table of web_assets.h: embed_assets.py FILE ..."""
import hashlib
import sys
from pathlib import Path

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}

print('#include "server/web/web_assets.h"\n\nnamespace earshot {\nnamespace {\n')
rows = []
for number, name in enumerate(sorted(sys.argv[1:])):
    file = Path(name)
    content = file.read_bytes()
    path = "/" if file.name == "index.html" else "/" + file.name
    etag = hashlib.sha256(content).hexdigest()[:16]
    print(f"constexpr char kContent{number}[] = {{")
    for start in range(0, len(content), 24):
        print(",".join(str(byte if byte < 128 else byte - 256)
                       for byte in content[start:start + 24]) + ",")
    print("0};\n")
    rows.append(f'    {{"{path}", "{TYPES[file.suffix]}", {{kContent{number}, '
                f'sizeof(kContent{number}) - 1}}, "\\"{etag}\\""}},')
print("constexpr WebAsset kAssets[] = {")
print("\n".join(rows))
print("};\n\n}  // namespace\n")
print("absl::Span<const WebAsset> WebAssets() { return kAssets; }\n\n}  // namespace earshot")

"""The same with Pillow: each argument is a file, each line of output its name and the milliseconds of
processor time its thumbnail took, the median of several. The thumbnails stand beside the files."""

import io
import statistics
import sys
import time

from PIL import Image

ROUNDS = 9


def thumbnail(path, method):
    image = Image.open(path)
    if path.endswith(".jpg"):
        image.draft("RGB", (512, 512))
    image.thumbnail((512, 512))
    out = io.BytesIO()
    image.save(out, "WEBP", quality=80, method=method)
    return out.getvalue()


def main():
    method, files = int(sys.argv[1]), sys.argv[2:]
    for path in files:
        times = []
        for _ in range(ROUNDS):
            start = time.thread_time()
            made = thumbnail(path, method)
            times.append((time.thread_time() - start) * 1000)
        with open(path + ".pillow.webp", "wb") as out:
            out.write(made)
        print(path, statistics.median(times), flush=True)


main()

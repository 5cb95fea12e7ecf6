"""What python-dotenv reads in the file on standard input, as JSON."""

import io
import json
import sys

from dotenv import dotenv_values

# As a file is opened: with the line ends that Python takes for one.
text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8").read()
print(json.dumps(dotenv_values(stream=io.StringIO(text))))

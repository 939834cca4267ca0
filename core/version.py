"""The product's version, told by /health, the pages and the API document."""

VERSION = "0.1.0"

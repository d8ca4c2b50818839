"""What schemathesis has to be told about our media types."""

import schemathesis

schemathesis.serializer.alias("application/partial-upload", "application/octet-stream")

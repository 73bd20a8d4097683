"""Signing in through a customer's own OpenID provider: what it says of itself, and what it says of a person."""

from .discovery import discovered as discovered
from .domains import RECORD as RECORD
from .domains import publishes as publishes
from .failures import SignOnFailed as SignOnFailed
from .signing_on import Begun as Begun
from .signing_on import Connection as Connection
from .signing_on import Identified as Identified
from .signing_on import begin as begin
from .signing_on import identified as identified

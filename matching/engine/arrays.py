"""Short names for the array types of the engine."""

from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Bytes8 = npt.NDArray[np.uint8]
Steps = npt.NDArray[np.int8]
Codes = npt.NDArray[np.uint16]
Counts = npt.NDArray[np.uint16]
Members = npt.NDArray[np.int32]
Ids = npt.NDArray[np.uint32]
Seconds = npt.NDArray[np.uint32]
Whole = npt.NDArray[np.int64]
Pointers = npt.NDArray[np.signedinteger[Any]]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

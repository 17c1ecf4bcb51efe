"""Short names for the array types of the engine."""

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Bytes8 = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.uint16]
Ids = npt.NDArray[np.uint32]
Whole = npt.NDArray[np.int64]
Steps = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

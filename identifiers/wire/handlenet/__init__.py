"""Files of Handle.Net servers: what an enterprise brings when it moves in, or takes when it leaves.

* `batch`: batch files (``hdl-genericbatch``), read line by line;
* `valuelines`: one value as a line of such a file, in and out;
* `dump`: JSON dumps (``StorageToJson``), read record by record at constant memory.

Observed on Handle.Net 9.3.1 where its technical manual is silent.
"""

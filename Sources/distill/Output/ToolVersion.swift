/// The version that `--version` prints and that runs and bug reports record.
let toolVersion = "0.1.0"

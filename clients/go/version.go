package localdial

// Version is the version of this package, the same as that of the service and its other clients.
const Version = "0.1.0"

package localdial

// Version is the version of this package, in step with those of the service and of its other clients.
const Version = "0.1.0"

package org.localdial.client;

/** A limit is exceeded, such as the size of a request. */
public final class ResourceExhaustedException extends LocaldialException {
    private static final long serialVersionUID = 1;

    ResourceExhaustedException(Errors.Details details) {
        super(details);
    }
}

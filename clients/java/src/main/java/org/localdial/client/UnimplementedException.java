package org.localdial.client;

/** The server does not have this method, because it is older than the client. */
public final class UnimplementedException extends LocaldialException {
    private static final long serialVersionUID = 1;

    UnimplementedException(Errors.Details details) {
        super(details);
    }
}

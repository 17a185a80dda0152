package org.localdial.client;

/** The call was cancelled by the caller, by the server, or because the client was closed during the call. */
public final class CancelledException extends LocaldialException {
    private static final long serialVersionUID = 1;

    CancelledException(Errors.Details details) {
        super(details);
    }
}

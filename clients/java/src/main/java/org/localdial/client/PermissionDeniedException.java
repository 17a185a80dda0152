package org.localdial.client;

/** The caller does not have permission for the call. */
public final class PermissionDeniedException extends LocaldialException {
    private static final long serialVersionUID = 1;

    PermissionDeniedException(Errors.Details details) {
        super(details);
    }
}

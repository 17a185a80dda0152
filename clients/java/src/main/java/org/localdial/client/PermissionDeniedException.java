package org.localdial.client;

/** The caller may not do this. */
public final class PermissionDeniedException extends LocaldialException {
    private static final long serialVersionUID = 1;

    PermissionDeniedException(Errors.Details details) {
        super(details);
    }
}

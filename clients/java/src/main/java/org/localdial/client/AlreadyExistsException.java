package org.localdial.client;

/** A number or an identifier is already in use. */
public final class AlreadyExistsException extends LocaldialException {
    private static final long serialVersionUID = 1;

    AlreadyExistsException(Errors.Details details) {
        super(details);
    }
}

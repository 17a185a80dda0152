package org.localdial.client;

/** What the request names does not exist, or the carrier has no numbers to sell. */
public final class NotFoundException extends LocaldialException {
    private static final long serialVersionUID = 1;

    NotFoundException(Errors.Details details) {
        super(details);
    }
}

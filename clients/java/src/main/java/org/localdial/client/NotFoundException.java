package org.localdial.client;

/** Something that the request names does not exist, or the carrier has no numbers for sale. */
public final class NotFoundException extends LocaldialException {
    private static final long serialVersionUID = 1;

    NotFoundException(Errors.Details details) {
        super(details);
    }
}

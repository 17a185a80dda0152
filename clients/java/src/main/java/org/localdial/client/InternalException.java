package org.localdial.client;

/** A fault of the server; {@link #getMetadata} has the {@code incident_id} that its log has too. */
public final class InternalException extends LocaldialException {
    private static final long serialVersionUID = 1;

    InternalException(Errors.Details details) {
        super(details);
    }
}

package org.localdial.client;

/** The server failed; {@link #getMetadata} has the {@code incident_id} under which its log has the cause. */
public final class InternalException extends LocaldialException {
    private static final long serialVersionUID = 1;

    InternalException(Errors.Details details) {
        super(details);
    }
}

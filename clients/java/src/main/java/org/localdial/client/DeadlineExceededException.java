package org.localdial.client;

/** There was no response in time. The call may have taken effect. */
public final class DeadlineExceededException extends LocaldialException {
    private static final long serialVersionUID = 1;

    DeadlineExceededException(Errors.Details details) {
        super(details);
    }
}

package org.localdial.client;

/** The state of the organization does not allow the call; repeating it alone does not help. */
public final class FailedPreconditionException extends LocaldialException {
    private static final long serialVersionUID = 1;

    FailedPreconditionException(Errors.Details details) {
        super(details);
    }
}

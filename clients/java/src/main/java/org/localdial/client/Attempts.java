package org.localdial.client;

import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.Status;

/**
 * The attempts of one call that failed, which the status of gRPC does not tell: neither why, if the call ran out of
 * time, nor how many there were.
 */
final class Attempts extends ClientStreamTracer.Factory {
    private static final String UNINFORMATIVE = "io exception";

    private final String addresses;
    private int failures;
    private Status lastFailure;
    private boolean answered;

    /** {@code addresses} are those of the client, for errors that name none. */
    Attempts(String addresses) {
        this.addresses = addresses;
    }

    @Override
    public synchronized ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
        answered = false;
        return new ClientStreamTracer() {
            @Override
            public void inboundHeaders() {
                answered();
            }

            @Override
            public void inboundTrailers(Metadata trailers) {
                answered();
            }

            @Override
            public void streamClosed(Status status) {
                ended(status);
            }
        };
    }

    private synchronized void answered() {
        answered = true;
    }

    private synchronized void ended(Status status) {
        if (status.getCode() == Status.Code.UNAVAILABLE) {
            failures++;
            lastFailure = status;
        }
    }

    /** Returns what the status of the call says, and if no server answered, why and how many attempts there were. */
    synchronized String describe(Status status) {
        String description = status.getDescription() == null ? "" : status.getDescription();
        if (lastFailure == null) {
            return description;
        }
        String tried = failures == 1 ? ", 1 attempt" : ", " + failures + " attempts";
        return switch (status.getCode()) {
            case DEADLINE_EXCEEDED -> description + "; " + why(lastFailure) + tried;
            case UNAVAILABLE -> answered ? description : why(status) + tried;
            default -> description;
        };
    }

    /** Returns one line with the address: gRPC puts the reason into the causes, and its internals into more lines. */
    private String why(Status failure) {
        String text = firstLine(failure.getDescription());
        if (text.equals(UNINFORMATIVE)) {
            text = "";
        }
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            String reason = firstLine(cause.getMessage());
            if (!text.contains(reason)) {
                text = text.isEmpty() ? reason : text + ": " + reason;
            }
        }
        return failure.getCause() == null || text.contains(addresses) ? text : addresses + ": " + text;
    }

    private static String firstLine(String text) {
        return text == null ? "" : text.lines().findFirst().orElse("").strip();
    }
}

package org.localdial.client;

import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.Status;

/**
 * The attempts of one call. The status of gRPC tells neither how many there were nor, if the call ran out of time, why
 * they failed.
 */
final class Attempts extends ClientStreamTracer.Factory {
    private static final String UNINFORMATIVE = "io exception";

    private final String addresses;
    private int count;
    private Status lastFailure;

    /** {@code addresses} are those of the client, for errors that name none. */
    Attempts(String addresses) {
        this.addresses = addresses;
    }

    @Override
    public synchronized ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
        if (!info.isTransparentRetry()) {
            count++;
        }
        return new ClientStreamTracer() {
            private volatile boolean answered;

            @Override
            public void inboundTrailers(Metadata trailers) {
                answered = true;
            }

            @Override
            public void streamClosed(Status status) {
                // gRPC itself cancels the attempt that is still open at the deadline.
                if (status.getCode() == Status.Code.UNAVAILABLE
                        || status.getCode() == Status.Code.CANCELLED && answered) {
                    failed(status);
                }
            }
        };
    }

    private synchronized void failed(Status status) {
        lastFailure = status;
    }

    /** Returns what the status says of a call that no server answered: why, at which address, and how often tried. */
    synchronized String describe(Status status) {
        String description = status.getDescription() == null ? "" : status.getDescription();
        if (count == 0) {
            // The name of the server was not resolved yet.
            boolean late = status.getCode() == Status.Code.DEADLINE_EXCEEDED;
            return late ? description + "; not sent to " + addresses + ", 0 attempts" : description;
        }
        String tried = count == 1 ? ", 1 attempt" : ", " + count + " attempts";
        return switch (status.getCode()) {
            case DEADLINE_EXCEEDED -> description + "; "
                    + (lastFailure == null ? "no response from " + addresses : why(lastFailure)) + tried;
            case UNAVAILABLE -> why(status) + tried;
            // gRPC's error for a server that does not speak HTTP/2. That of a server has no cause.
            case INTERNAL -> status.getCause() == null ? description : why(status) + tried;
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
        return text.contains(addresses) ? text : addresses + ": " + text;
    }

    private static String firstLine(String text) {
        return text == null ? "" : text.lines().findFirst().orElse("").strip();
    }
}

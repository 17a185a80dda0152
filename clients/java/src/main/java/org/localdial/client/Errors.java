package org.localdial.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.localdial.v1.ErrorReason;

/** Turns statuses into exceptions. */
final class Errors {
    private static final String DOMAIN = "localdial";
    private static final String PREFIX = "ERROR_REASON_";
    private static final Metadata.Key<byte[]> DETAILS =
            Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private Errors() {
    }

    /** The content of an exception. */
    static final class Details {
        final Status.Code code;
        String description;
        String reason = "";
        Map<String, String> metadata = Map.of();
        List<FieldViolation> fieldViolations = List.of();
        Duration retryDelay;
        Message request;
        Throwable cause;

        private Details(Status.Code code, String description) {
            this.code = code;
            this.description = description;
        }

        Details request(Message sent) {
            request = sent;
            return this;
        }

        Details cause(Throwable thrown) {
            cause = thrown;
            return this;
        }
    }

    static Details of(Status.Code code, String description) {
        return new Details(code, description);
    }

    /** Returns the reason as it is sent: its name without the prefix, or empty for an unrecognized one. */
    static String name(ErrorReason reason) {
        return reason == ErrorReason.UNRECOGNIZED ? "" : reason.name().substring(PREFIX.length());
    }

    /** Returns the exception for a failed call. */
    static LocaldialException fromCall(Throwable thrown, Message sent, Attempts attempts) {
        Status status = Status.fromThrowable(thrown);
        String description = status.getDescription() == null ? "" : status.getDescription();
        Details details = of(status.getCode(), description).request(sent).cause(thrown);
        decode(detailsOf(thrown), details);
        if (details.reason.isEmpty()) {
            details.description = attempts.describe(status);
        }
        return exception(details);
    }

    /** Returns the exception for a status inside a response. */
    static LocaldialException fromStatus(com.google.rpc.Status status) {
        Status.Code code = Status.fromCodeValue(status.getCode()).getCode();
        if (code == Status.Code.OK) {
            throw new IllegalArgumentException("the status is OK, which is not an error");
        }
        Details details = of(code, status.getMessage());
        decode(status, details);
        return exception(details);
    }

    /** Returns the reason in the details of the status, or empty if there is none. */
    static String reasonOf(com.google.rpc.Status status) {
        Details details = of(Status.Code.UNKNOWN, "");
        decode(status, details);
        return details.reason;
    }

    private static com.google.rpc.Status detailsOf(Throwable thrown) {
        Metadata trailers = Status.trailersFromThrowable(thrown);
        byte[] bytes = trailers == null ? null : trailers.get(DETAILS);
        if (bytes != null) {
            try {
                return com.google.rpc.Status.parseFrom(bytes);
            } catch (InvalidProtocolBufferException unreadable) {
                // Details that cannot be decoded must not hide the error itself.
                return com.google.rpc.Status.getDefaultInstance();
            }
        }
        return com.google.rpc.Status.getDefaultInstance();
    }

    private static void decode(com.google.rpc.Status status, Details details) {
        for (Any detail : status.getDetailsList()) {
            try {
                decode(detail, details);
            } catch (InvalidProtocolBufferException unreadable) {
                // The other details may be readable.
                continue;
            }
        }
    }

    private static void decode(Any detail, Details details) throws InvalidProtocolBufferException {
        if (detail.is(ErrorInfo.class)) {
            ErrorInfo info = detail.unpack(ErrorInfo.class);
            // A proxy may add reasons of its own domain, which are not values of ErrorReason.
            if (info.getDomain().equals(DOMAIN)) {
                details.reason = info.getReason();
                details.metadata = info.getMetadataMap();
            }
        } else if (detail.is(BadRequest.class)) {
            details.fieldViolations = detail.unpack(BadRequest.class).getFieldViolationsList().stream()
                    .map(each -> new FieldViolation(each.getField(), each.getDescription())).toList();
        } else if (detail.is(RetryInfo.class)) {
            com.google.protobuf.Duration delay = detail.unpack(RetryInfo.class).getRetryDelay();
            details.retryDelay = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
        }
    }

    private static LocaldialException exception(Details details) {
        return switch (details.code) {
            case CANCELLED -> new CancelledException(details);
            case INVALID_ARGUMENT -> new InvalidArgumentException(details);
            case DEADLINE_EXCEEDED -> new DeadlineExceededException(details);
            case NOT_FOUND -> new NotFoundException(details);
            case ALREADY_EXISTS -> new AlreadyExistsException(details);
            case PERMISSION_DENIED -> new PermissionDeniedException(details);
            case RESOURCE_EXHAUSTED -> new ResourceExhaustedException(details);
            case FAILED_PRECONDITION -> new FailedPreconditionException(details);
            case UNIMPLEMENTED -> new UnimplementedException(details);
            case INTERNAL -> new InternalException(details);
            case UNAVAILABLE -> new UnavailableException(details);
            case UNAUTHENTICATED -> new UnauthenticatedException(details);
            default -> new LocaldialException(details);
        };
    }
}

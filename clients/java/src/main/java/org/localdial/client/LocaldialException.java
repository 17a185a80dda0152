package org.localdial.client;

import com.google.protobuf.Message;
import com.google.rpc.Status;
import io.grpc.Status.Code;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.localdial.v1.ErrorReason;

/**
 * A call failed, or one item of it (see {@link #fromStatus}).
 *
 * <p>Thrown as the subclass of its gRPC status; as itself for a status that has none. Programs decide by the class and
 * by {@link #getReason}; the texts are for people and may change. When a call threw it, the cause is the exception of
 * gRPC.
 */
@SuppressWarnings("serial") // the types of the fields are interfaces
public class LocaldialException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The gRPC status. */
    private final Code code;
    /** The service's message. */
    private final String description;
    /** The name of the {@link ErrorReason}. */
    private final String reason;
    /** What belongs to the reason. */
    private final Map<String, String> metadata;
    /** The bad fields. */
    private final List<FieldViolation> fieldViolations;
    /** When to repeat, or null. */
    private final Duration retryDelay;
    /** What was sent, or null. */
    private final Message request;

    LocaldialException(Errors.Details details) {
        super(text(details), details.cause);
        code = details.code;
        description = details.description;
        reason = details.reason;
        metadata = Map.copyOf(details.metadata);
        fieldViolations = List.copyOf(details.fieldViolations);
        retryDelay = details.retryDelay;
        request = details.request;
    }

    /**
     * Makes the exception of a status that is part of an answer: of a leg of a batch, or of a number.
     *
     * @param status the status
     * @return the exception; throwing it is left to the caller
     * @throws IllegalArgumentException for the status OK, which is no error: look at what the item holds before
     */
    public static LocaldialException fromStatus(Status status) {
        return Errors.fromStatus(status);
    }

    /**
     * The gRPC status.
     *
     * @return its code
     */
    public Code getCode() {
        return code;
    }

    /**
     * What went wrong, for people, in the words of whoever found it. {@link #getMessage} has more on one line.
     *
     * @return a text that may change; it may be empty
     */
    public String getDescription() {
        return description;
    }

    /**
     * Why, for programs.
     *
     * @return the name of a value of {@link ErrorReason} without its prefix, such as {@code USER_NOT_FOUND}; empty
     *     where the service did not say, as when it could not be reached
     */
    public String getReason() {
        return reason;
    }

    /**
     * Says whether this is the reason.
     *
     * @param reason the reason
     * @return whether the service gave it
     */
    public boolean hasReason(ErrorReason reason) {
        return this.reason.equals(Errors.name(reason));
    }

    /**
     * What belongs to the reason, as {@link ErrorReason} documents it.
     *
     * @return it by name, such as {@code area_code}
     */
    public Map<String, String> getMetadata() {
        return metadata;
    }

    /**
     * With {@code INVALID_FIELDS}: every field that is wrong.
     *
     * @return the fields
     */
    public List<FieldViolation> getFieldViolations() {
        return fieldViolations;
    }

    /**
     * How long to wait before a repeat, where the service says that a repeat may help.
     *
     * @return the time to wait
     */
    public Optional<Duration> getRetryDelay() {
        return Optional.ofNullable(retryDelay);
    }

    /**
     * The request of the failed call as it was sent, with the identifiers that were filled in: sending it again is
     * harmless, where sending a fresh one might buy again.
     *
     * @return the request; empty for one item of a call
     */
    public Optional<Message> getRequest() {
        return Optional.ofNullable(request);
    }

    /** Puts all on one line: {@code INVALID_ARGUMENT (INVALID_FIELDS): field: what is wrong; ...}. */
    private static String text(Errors.Details details) {
        String head = details.reason.isEmpty() ? details.code.name() : details.code + " (" + details.reason + ")";
        // The service's message names the first of the fields; all of them say it better.
        String fields = details.fieldViolations.stream()
                .map(each -> each.field() + ": " + each.description()).collect(Collectors.joining("; "));
        String body = fields.isEmpty() ? details.description : fields;
        return head + ": " + body + requestId(details.request);
    }

    /** Whoever finds the line in a log must be able to repeat the purchase without buying again. */
    private static String requestId(Message request) {
        var field = request == null ? null : request.getDescriptorForType().findFieldByName("request_id");
        Object id = field == null ? "" : request.getField(field);
        return id.equals("") ? "" : " [request_id " + id + "]";
    }
}

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
 * The exception of a failed call, or of one item of it (see {@link #fromStatus}).
 *
 * <p>Each gRPC status has its own subclass, except those that the service never sends. Programs should decide by the
 * class and by {@link #getReason}; the messages are for people and may change. The cause is the exception of gRPC if a
 * call failed.
 */
@SuppressWarnings("serial") // the declared types of the fields are interfaces
public class LocaldialException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The gRPC status. */
    private final Code code;
    /** What went wrong, in the service's words. */
    private final String description;
    /** The name of the {@link ErrorReason} without its prefix, or empty. */
    private final String reason;
    /** The metadata of the reason. */
    private final Map<String, String> metadata;
    /** The invalid fields. */
    private final List<FieldViolation> fieldViolations;
    /** How long to wait before repeating the call, or null. */
    private final Duration retryDelay;
    /** The request as it was sent, or null for one item of a call. */
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
     * Returns the exception for a status inside a response: that of a leg of a batch, or of a number.
     *
     * @param status the status
     * @return the exception, which is not thrown
     * @throws IllegalArgumentException for the status OK, which is not an error
     */
    public static LocaldialException fromStatus(Status status) {
        return Errors.fromStatus(status);
    }

    /**
     * Returns the gRPC status.
     *
     * @return the code of the status
     */
    public Code getCode() {
        return code;
    }

    /**
     * Returns what went wrong, for people to read. {@link #getMessage} also has the code, the reason and the
     * violations.
     *
     * @return a text that may change, or may be empty
     */
    public String getDescription() {
        return description;
    }

    /**
     * Returns why the call failed, for programs to decide by.
     *
     * @return the name of a value of {@link ErrorReason} without its prefix, such as {@code USER_NOT_FOUND}. Empty
     *     if the service gave none, for example because it could not be reached
     */
    public String getReason() {
        return reason;
    }

    /**
     * Returns whether the call failed for this reason.
     *
     * @param reason the reason
     * @return whether the service gave this reason
     */
    public boolean hasReason(ErrorReason reason) {
        return this.reason.equals(Errors.name(reason));
    }

    /**
     * Returns the metadata of the reason, as {@link ErrorReason} documents it.
     *
     * @return the values by name, such as {@code area_code}
     */
    public Map<String, String> getMetadata() {
        return metadata;
    }

    /**
     * Returns the invalid fields, if the reason is {@code INVALID_FIELDS}. Of very many, the service lists the first
     * ones; see {@link #getUnlistedViolations}.
     *
     * @return the violations, or none for another reason
     */
    public List<FieldViolation> getFieldViolations() {
        return fieldViolations;
    }

    /**
     * Returns how many invalid fields there are beyond {@link #getFieldViolations}, because the service lists only some.
     *
     * @return the number of them; 0 if all are listed
     */
    public int getUnlistedViolations() {
        return unlisted(metadata, fieldViolations);
    }

    /**
     * Returns how long to wait before repeating the call.
     *
     * @return the time to wait; empty if the service gave none
     */
    public Optional<Duration> getRetryDelay() {
        return Optional.ofNullable(retryDelay);
    }

    /**
     * Returns the request as it was sent, including the identifiers that were filled in. Sending it again is safe; a
     * new request might buy again.
     *
     * @return the request; empty for one item of a call
     */
    public Optional<Message> getRequest() {
        return Optional.ofNullable(request);
    }

    /** Returns everything on one line: {@code INVALID_ARGUMENT (INVALID_FIELDS): field: what is wrong; ...}. */
    private static String text(Errors.Details details) {
        String head = details.reason.isEmpty() ? details.code.name() : details.code + " (" + details.reason + ")";
        // The service's message names only the first invalid fields.
        String fields = details.fieldViolations.stream()
                .map(each -> each.field() + ": " + each.description()).collect(Collectors.joining("; "));
        int more = unlisted(details.metadata, details.fieldViolations);
        String body = fields.isEmpty() ? details.description : more > 0 ? fields + "; and " + more + " more" : fields;
        return head + ": " + body + requestId(details.request);
    }

    private static int unlisted(Map<String, String> metadata, List<FieldViolation> listed) {
        String total = metadata.getOrDefault("violation_count", "");
        return total.matches("[0-9]{1,9}") ? Math.max(0, Integer.parseInt(total) - listed.size()) : 0;
    }

    /** Someone who finds this line in a log needs the request_id to repeat the purchase safely. */
    private static String requestId(Message request) {
        var field = request == null ? null : request.getDescriptorForType().findFieldByName("request_id");
        Object id = field == null ? "" : request.getField(field);
        return id.equals("") ? "" : " [request_id " + id + "]";
    }
}

package org.localdial.client;

import java.io.Serializable;

/**
 * A field of the request that breaks a rule of the contract.
 *
 * @param field the path of the field, such as {@code users[3].caller_id}
 * @param description what is wrong with the field, for people to read
 */
public record FieldViolation(String field, String description) implements Serializable {
}

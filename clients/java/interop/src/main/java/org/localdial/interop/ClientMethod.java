package org.localdial.interop;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.localdial.client.Administration;
import org.localdial.client.CallRouting;
import org.localdial.client.Directory;
import org.localdial.client.LocaldialClient;
import org.localdial.client.NumberInventory;
import org.localdial.client.Pages;
import org.localdial.client.ServiceCalls;

/** A public method of the client, found by the name of its RPC. */
record ClientMethod(ServiceCalls<?> service, String name) {
    private static final String PACKAGE = "localdial.v1.";
    private static final List<Class<?>> SERVICES =
            List.of(Administration.class, CallRouting.class, Directory.class, NumberInventory.class);

    /** Returns the method for {@code localdial.v1.Service/Method}, with its own timeout unless that is null. */
    static ClientMethod of(LocaldialClient client, String rpc, Duration timeout) throws NoSuchMethodException {
        ServiceCalls<?> service = switch (serviceName(rpc)) {
            case "Administration" -> client.administration();
            case "CallRouting" -> client.callRouting();
            case "Directory" -> client.directory();
            case "NumberInventory" -> client.numberInventory();
            default -> throw new NoSuchMethodException(rpc);
        };
        return new ClientMethod(timeout == null ? service : service.withTimeout(timeout), lowerFirst(methodName(rpc)));
    }

    /** Returns the names of the RPCs for which the client has a blocking and an asynchronous method. */
    static List<String> names() {
        List<String> names = new ArrayList<>();
        for (Class<?> service : SERVICES) {
            List<String> methods = Arrays.stream(service.getDeclaredMethods()).map(Method::getName).toList();
            methods.stream().filter(name -> methods.contains(name + "Async")).forEach(name ->
                    names.add(PACKAGE + service.getSimpleName() + "/"
                            + Character.toUpperCase(name.charAt(0)) + name.substring(1)));
        }
        return names;
    }

    /** Parses the request of an RPC. */
    static Message request(String rpc, String json)
            throws ReflectiveOperationException, InvalidProtocolBufferException {
        Class<?> type = Class.forName("org.localdial.v1." + methodName(rpc) + "Request");
        Message.Builder builder = (Message.Builder) type.getMethod("newBuilder").invoke(null);
        JsonFormat.parser().merge(json, builder);
        return builder.build();
    }

    Message call(Message request) throws ReflectiveOperationException {
        return (Message) invoke(name, request);
    }

    @SuppressWarnings("unchecked")
    CompletableFuture<? extends Message> callAsync(Message request) throws ReflectiveOperationException {
        return (CompletableFuture<? extends Message>) invoke(name + "Async", request);
    }

    Pages<?, ?> pages(Message request) throws ReflectiveOperationException {
        return (Pages<?, ?>) invoke(name + "Pages", request);
    }

    private Object invoke(String method, Message request) throws ReflectiveOperationException {
        try {
            return service.getClass().getMethod(method, request.getClass()).invoke(service, request);
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof RuntimeException error) {
                throw error;
            }
            throw thrown;
        }
    }

    private static String serviceName(String rpc) {
        return rpc.substring(rpc.startsWith(PACKAGE) ? PACKAGE.length() : 0, Math.max(rpc.indexOf('/'), 0));
    }

    private static String methodName(String rpc) {
        return rpc.substring(rpc.indexOf('/') + 1);
    }

    private static String lowerFirst(String name) {
        return Character.toLowerCase(name.charAt(0)) + name.substring(1);
    }
}

package org.localdial.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.DescriptorProtos.MethodOptions.IdempotencyLevel;
import java.lang.reflect.Method;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.localdial.v1.AdministrationProto;
import org.localdial.v1.CallRoutingProto;
import org.localdial.v1.DirectoryProto;
import org.localdial.v1.NumberInventoryProto;

/** The client matches the contract. */
class ContractTest {
    static Stream<MethodDescriptor> methods() {
        return Stream.of(AdministrationProto.getDescriptor(), CallRoutingProto.getDescriptor(),
                        DirectoryProto.getDescriptor(), NumberInventoryProto.getDescriptor())
                .map(FileDescriptor::getServices).flatMap(List::stream)
                .map(ServiceDescriptor::getMethods).flatMap(List::stream);
    }

    private static Class<?> service(MethodDescriptor method) throws ClassNotFoundException {
        return Class.forName("org.localdial.client." + method.getService().getName());
    }

    private static Class<?> message(com.google.protobuf.Descriptors.Descriptor type) throws ClassNotFoundException {
        return Class.forName("org.localdial.v1." + type.getName());
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyRpcHasABlockingAndAnAsyncMethod(MethodDescriptor method) throws ReflectiveOperationException {
        String name = Character.toLowerCase(method.getName().charAt(0)) + method.getName().substring(1);
        Class<?> request = message(method.getInputType());
        Method blocking = service(method).getMethod(name, request);
        assertEquals(message(method.getOutputType()), blocking.getReturnType());
        assertEquals(CompletableFuture.class, service(method).getMethod(name + "Async", request).getReturnType());
        if (method.getInputType().findFieldByName("page_token") != null) {
            assertEquals(Pages.class, service(method).getMethod(name + "Pages", request).getReturnType());
        }
    }

    @Test
    @SuppressWarnings("unchecked")
    void exactlyTheMethodsThatTheContractDeclaresSafeAreRetried() {
        Set<String> retried = new HashSet<>();
        for (Map<String, Object> each : (List<Map<String, Object>>) Channels.serviceConfig().get("methodConfig")) {
            assertTrue(each.containsKey("retryPolicy"));
            for (Map<String, String> name : (List<Map<String, String>>) each.get("name")) {
                retried.add(name.get("service") + "/" + name.get("method"));
            }
        }
        Set<String> safe = methods()
                .filter(method -> method.getOptions().getIdempotencyLevel() != IdempotencyLevel.IDEMPOTENCY_UNKNOWN)
                .map(method -> method.getService().getFullName() + "/" + method.getName())
                .collect(Collectors.toSet());
        assertFalse(safe.isEmpty());
        assertEquals(safe, retried);
    }

    @Test
    void theVersionIsTheVersionOfThePackage() {
        assertEquals(System.getProperty("project.version"), LocaldialClient.VERSION);
    }
}

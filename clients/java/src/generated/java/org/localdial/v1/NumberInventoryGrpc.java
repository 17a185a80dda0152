package org.localdial.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * The local presence numbers of organizations: list, buy, import and delete
 * them, and map area codes to them. All users of an organization share its
 * numbers; no other organization can use them.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class NumberInventoryGrpc {

  private NumberInventoryGrpc() {}

  public static final java.lang.String SERVICE_NAME = "localdial.v1.NumberInventory";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ListNumbersRequest,
      org.localdial.v1.ListNumbersResponse> getListNumbersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListNumbers",
      requestType = org.localdial.v1.ListNumbersRequest.class,
      responseType = org.localdial.v1.ListNumbersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ListNumbersRequest,
      org.localdial.v1.ListNumbersResponse> getListNumbersMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ListNumbersRequest, org.localdial.v1.ListNumbersResponse> getListNumbersMethod;
    if ((getListNumbersMethod = NumberInventoryGrpc.getListNumbersMethod) == null) {
      synchronized (NumberInventoryGrpc.class) {
        if ((getListNumbersMethod = NumberInventoryGrpc.getListNumbersMethod) == null) {
          NumberInventoryGrpc.getListNumbersMethod = getListNumbersMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ListNumbersRequest, org.localdial.v1.ListNumbersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListNumbers"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListNumbersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListNumbersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NumberInventoryMethodDescriptorSupplier("ListNumbers"))
              .build();
        }
      }
    }
    return getListNumbersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.GetNumberRequest,
      org.localdial.v1.GetNumberResponse> getGetNumberMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetNumber",
      requestType = org.localdial.v1.GetNumberRequest.class,
      responseType = org.localdial.v1.GetNumberResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.GetNumberRequest,
      org.localdial.v1.GetNumberResponse> getGetNumberMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.GetNumberRequest, org.localdial.v1.GetNumberResponse> getGetNumberMethod;
    if ((getGetNumberMethod = NumberInventoryGrpc.getGetNumberMethod) == null) {
      synchronized (NumberInventoryGrpc.class) {
        if ((getGetNumberMethod = NumberInventoryGrpc.getGetNumberMethod) == null) {
          NumberInventoryGrpc.getGetNumberMethod = getGetNumberMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.GetNumberRequest, org.localdial.v1.GetNumberResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetNumber"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetNumberRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetNumberResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NumberInventoryMethodDescriptorSupplier("GetNumber"))
              .build();
        }
      }
    }
    return getGetNumberMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.SearchAvailableNumbersRequest,
      org.localdial.v1.SearchAvailableNumbersResponse> getSearchAvailableNumbersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "SearchAvailableNumbers",
      requestType = org.localdial.v1.SearchAvailableNumbersRequest.class,
      responseType = org.localdial.v1.SearchAvailableNumbersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.SearchAvailableNumbersRequest,
      org.localdial.v1.SearchAvailableNumbersResponse> getSearchAvailableNumbersMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.SearchAvailableNumbersRequest, org.localdial.v1.SearchAvailableNumbersResponse> getSearchAvailableNumbersMethod;
    if ((getSearchAvailableNumbersMethod = NumberInventoryGrpc.getSearchAvailableNumbersMethod) == null) {
      synchronized (NumberInventoryGrpc.class) {
        if ((getSearchAvailableNumbersMethod = NumberInventoryGrpc.getSearchAvailableNumbersMethod) == null) {
          NumberInventoryGrpc.getSearchAvailableNumbersMethod = getSearchAvailableNumbersMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.SearchAvailableNumbersRequest, org.localdial.v1.SearchAvailableNumbersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "SearchAvailableNumbers"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.SearchAvailableNumbersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.SearchAvailableNumbersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NumberInventoryMethodDescriptorSupplier("SearchAvailableNumbers"))
              .build();
        }
      }
    }
    return getSearchAvailableNumbersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.PurchaseNumbersRequest,
      org.localdial.v1.PurchaseNumbersResponse> getPurchaseNumbersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "PurchaseNumbers",
      requestType = org.localdial.v1.PurchaseNumbersRequest.class,
      responseType = org.localdial.v1.PurchaseNumbersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.PurchaseNumbersRequest,
      org.localdial.v1.PurchaseNumbersResponse> getPurchaseNumbersMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.PurchaseNumbersRequest, org.localdial.v1.PurchaseNumbersResponse> getPurchaseNumbersMethod;
    if ((getPurchaseNumbersMethod = NumberInventoryGrpc.getPurchaseNumbersMethod) == null) {
      synchronized (NumberInventoryGrpc.class) {
        if ((getPurchaseNumbersMethod = NumberInventoryGrpc.getPurchaseNumbersMethod) == null) {
          NumberInventoryGrpc.getPurchaseNumbersMethod = getPurchaseNumbersMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.PurchaseNumbersRequest, org.localdial.v1.PurchaseNumbersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "PurchaseNumbers"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.PurchaseNumbersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.PurchaseNumbersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NumberInventoryMethodDescriptorSupplier("PurchaseNumbers"))
              .build();
        }
      }
    }
    return getPurchaseNumbersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ImportNumbersRequest,
      org.localdial.v1.ImportNumbersResponse> getImportNumbersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ImportNumbers",
      requestType = org.localdial.v1.ImportNumbersRequest.class,
      responseType = org.localdial.v1.ImportNumbersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ImportNumbersRequest,
      org.localdial.v1.ImportNumbersResponse> getImportNumbersMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ImportNumbersRequest, org.localdial.v1.ImportNumbersResponse> getImportNumbersMethod;
    if ((getImportNumbersMethod = NumberInventoryGrpc.getImportNumbersMethod) == null) {
      synchronized (NumberInventoryGrpc.class) {
        if ((getImportNumbersMethod = NumberInventoryGrpc.getImportNumbersMethod) == null) {
          NumberInventoryGrpc.getImportNumbersMethod = getImportNumbersMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ImportNumbersRequest, org.localdial.v1.ImportNumbersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ImportNumbers"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ImportNumbersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ImportNumbersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NumberInventoryMethodDescriptorSupplier("ImportNumbers"))
              .build();
        }
      }
    }
    return getImportNumbersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ListImportableNumbersRequest,
      org.localdial.v1.ListImportableNumbersResponse> getListImportableNumbersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListImportableNumbers",
      requestType = org.localdial.v1.ListImportableNumbersRequest.class,
      responseType = org.localdial.v1.ListImportableNumbersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ListImportableNumbersRequest,
      org.localdial.v1.ListImportableNumbersResponse> getListImportableNumbersMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ListImportableNumbersRequest, org.localdial.v1.ListImportableNumbersResponse> getListImportableNumbersMethod;
    if ((getListImportableNumbersMethod = NumberInventoryGrpc.getListImportableNumbersMethod) == null) {
      synchronized (NumberInventoryGrpc.class) {
        if ((getListImportableNumbersMethod = NumberInventoryGrpc.getListImportableNumbersMethod) == null) {
          NumberInventoryGrpc.getListImportableNumbersMethod = getListImportableNumbersMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ListImportableNumbersRequest, org.localdial.v1.ListImportableNumbersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListImportableNumbers"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListImportableNumbersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListImportableNumbersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NumberInventoryMethodDescriptorSupplier("ListImportableNumbers"))
              .build();
        }
      }
    }
    return getListImportableNumbersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ReconcileNumbersRequest,
      org.localdial.v1.ReconcileNumbersResponse> getReconcileNumbersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ReconcileNumbers",
      requestType = org.localdial.v1.ReconcileNumbersRequest.class,
      responseType = org.localdial.v1.ReconcileNumbersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ReconcileNumbersRequest,
      org.localdial.v1.ReconcileNumbersResponse> getReconcileNumbersMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ReconcileNumbersRequest, org.localdial.v1.ReconcileNumbersResponse> getReconcileNumbersMethod;
    if ((getReconcileNumbersMethod = NumberInventoryGrpc.getReconcileNumbersMethod) == null) {
      synchronized (NumberInventoryGrpc.class) {
        if ((getReconcileNumbersMethod = NumberInventoryGrpc.getReconcileNumbersMethod) == null) {
          NumberInventoryGrpc.getReconcileNumbersMethod = getReconcileNumbersMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ReconcileNumbersRequest, org.localdial.v1.ReconcileNumbersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ReconcileNumbers"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ReconcileNumbersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ReconcileNumbersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NumberInventoryMethodDescriptorSupplier("ReconcileNumbers"))
              .build();
        }
      }
    }
    return getReconcileNumbersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.DeleteNumbersRequest,
      org.localdial.v1.DeleteNumbersResponse> getDeleteNumbersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteNumbers",
      requestType = org.localdial.v1.DeleteNumbersRequest.class,
      responseType = org.localdial.v1.DeleteNumbersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.DeleteNumbersRequest,
      org.localdial.v1.DeleteNumbersResponse> getDeleteNumbersMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.DeleteNumbersRequest, org.localdial.v1.DeleteNumbersResponse> getDeleteNumbersMethod;
    if ((getDeleteNumbersMethod = NumberInventoryGrpc.getDeleteNumbersMethod) == null) {
      synchronized (NumberInventoryGrpc.class) {
        if ((getDeleteNumbersMethod = NumberInventoryGrpc.getDeleteNumbersMethod) == null) {
          NumberInventoryGrpc.getDeleteNumbersMethod = getDeleteNumbersMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.DeleteNumbersRequest, org.localdial.v1.DeleteNumbersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteNumbers"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.DeleteNumbersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.DeleteNumbersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NumberInventoryMethodDescriptorSupplier("DeleteNumbers"))
              .build();
        }
      }
    }
    return getDeleteNumbersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.MapAreaCodesRequest,
      org.localdial.v1.MapAreaCodesResponse> getMapAreaCodesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "MapAreaCodes",
      requestType = org.localdial.v1.MapAreaCodesRequest.class,
      responseType = org.localdial.v1.MapAreaCodesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.MapAreaCodesRequest,
      org.localdial.v1.MapAreaCodesResponse> getMapAreaCodesMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.MapAreaCodesRequest, org.localdial.v1.MapAreaCodesResponse> getMapAreaCodesMethod;
    if ((getMapAreaCodesMethod = NumberInventoryGrpc.getMapAreaCodesMethod) == null) {
      synchronized (NumberInventoryGrpc.class) {
        if ((getMapAreaCodesMethod = NumberInventoryGrpc.getMapAreaCodesMethod) == null) {
          NumberInventoryGrpc.getMapAreaCodesMethod = getMapAreaCodesMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.MapAreaCodesRequest, org.localdial.v1.MapAreaCodesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "MapAreaCodes"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.MapAreaCodesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.MapAreaCodesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NumberInventoryMethodDescriptorSupplier("MapAreaCodes"))
              .build();
        }
      }
    }
    return getMapAreaCodesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.UnmapAreaCodesRequest,
      org.localdial.v1.UnmapAreaCodesResponse> getUnmapAreaCodesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UnmapAreaCodes",
      requestType = org.localdial.v1.UnmapAreaCodesRequest.class,
      responseType = org.localdial.v1.UnmapAreaCodesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.UnmapAreaCodesRequest,
      org.localdial.v1.UnmapAreaCodesResponse> getUnmapAreaCodesMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.UnmapAreaCodesRequest, org.localdial.v1.UnmapAreaCodesResponse> getUnmapAreaCodesMethod;
    if ((getUnmapAreaCodesMethod = NumberInventoryGrpc.getUnmapAreaCodesMethod) == null) {
      synchronized (NumberInventoryGrpc.class) {
        if ((getUnmapAreaCodesMethod = NumberInventoryGrpc.getUnmapAreaCodesMethod) == null) {
          NumberInventoryGrpc.getUnmapAreaCodesMethod = getUnmapAreaCodesMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.UnmapAreaCodesRequest, org.localdial.v1.UnmapAreaCodesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UnmapAreaCodes"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.UnmapAreaCodesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.UnmapAreaCodesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NumberInventoryMethodDescriptorSupplier("UnmapAreaCodes"))
              .build();
        }
      }
    }
    return getUnmapAreaCodesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.GetUsageRequest,
      org.localdial.v1.GetUsageResponse> getGetUsageMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetUsage",
      requestType = org.localdial.v1.GetUsageRequest.class,
      responseType = org.localdial.v1.GetUsageResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.GetUsageRequest,
      org.localdial.v1.GetUsageResponse> getGetUsageMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.GetUsageRequest, org.localdial.v1.GetUsageResponse> getGetUsageMethod;
    if ((getGetUsageMethod = NumberInventoryGrpc.getGetUsageMethod) == null) {
      synchronized (NumberInventoryGrpc.class) {
        if ((getGetUsageMethod = NumberInventoryGrpc.getGetUsageMethod) == null) {
          NumberInventoryGrpc.getGetUsageMethod = getGetUsageMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.GetUsageRequest, org.localdial.v1.GetUsageResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetUsage"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetUsageRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetUsageResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NumberInventoryMethodDescriptorSupplier("GetUsage"))
              .build();
        }
      }
    }
    return getGetUsageMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static NumberInventoryStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<NumberInventoryStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<NumberInventoryStub>() {
        @java.lang.Override
        public NumberInventoryStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new NumberInventoryStub(channel, callOptions);
        }
      };
    return NumberInventoryStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static NumberInventoryBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<NumberInventoryBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<NumberInventoryBlockingV2Stub>() {
        @java.lang.Override
        public NumberInventoryBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new NumberInventoryBlockingV2Stub(channel, callOptions);
        }
      };
    return NumberInventoryBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static NumberInventoryBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<NumberInventoryBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<NumberInventoryBlockingStub>() {
        @java.lang.Override
        public NumberInventoryBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new NumberInventoryBlockingStub(channel, callOptions);
        }
      };
    return NumberInventoryBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static NumberInventoryFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<NumberInventoryFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<NumberInventoryFutureStub>() {
        @java.lang.Override
        public NumberInventoryFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new NumberInventoryFutureStub(channel, callOptions);
        }
      };
    return NumberInventoryFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * The local presence numbers of organizations: list, buy, import and delete
   * them, and map area codes to them. All users of an organization share its
   * numbers; no other organization can use them.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Lists the organization's numbers, ordered by phone number.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    default void listNumbers(org.localdial.v1.ListNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListNumbersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListNumbersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns one number of the organization.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND).
     * </pre>
     */
    default void getNumber(org.localdial.v1.GetNumberRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetNumberResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetNumberMethod(), responseObserver);
    }

    /**
     * <pre>
     * Asks the carrier which numbers it has for sale in an area code. Nothing is
     * reserved: a number may be gone when it is ordered. If the carrier has none,
     * the list is empty; that is not an error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    default void searchAvailableNumbers(org.localdial.v1.SearchAvailableNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.SearchAvailableNumbersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getSearchAvailableNumbersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Buys numbers in an area code. Calls use a number as soon as the response is
     * sent. If the carrier has fewer numbers than requested, all that it has are
     * bought; `unfilled_count` says how many are missing, and `unfilled_status`
     * why. A number that takes no voice calls, although the carrier offered it
     * with voice, is released: the response has it as RELEASING.
     * A purchase goes on when the client stops waiting for it: repeat the call
     * with the same `request_id` to learn the result. If the purchase is not done
     * shortly before the deadline of the call, the call fails with
     * PURCHASE_PENDING and the purchase goes on.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NO_NUMBERS_AVAILABLE);
     * ALREADY_EXISTS (REQUEST_ID_REUSED); FAILED_PRECONDITION (CARRIER_REFUSED);
     * RESOURCE_EXHAUSTED (NUMBER_LIMIT_REACHED, PURCHASE_LIMIT_REACHED);
     * UNAVAILABLE (PURCHASE_PENDING, CARRIER_UNAVAILABLE).
     * </pre>
     */
    default void purchaseNumbers(org.localdial.v1.PurchaseNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.PurchaseNumbersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getPurchaseNumbersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Adds numbers to the inventory that the carrier account already owns. A
     * number that fails does not affect the others. A number that is already in
     * the organization's inventory is returned as it is.
     * Nothing is changed at the carrier unless `configure` is set; a number that
     * is already in the inventory is then set up there too.
     * Where several organizations share a carrier account, only admins may import
     * its numbers.
     * With the `carrier` `external`, adds numbers that are held at another
     * carrier. Calls show them and call-backs to them are routed like all others,
     * but no carrier is ever asked about them: they are never bought, configured
     * or released, ReconcileNumbers leaves them out, and deleting them only forgets
     * them. The caller attests that the organization has the right to show them, so
     * only admins may import such numbers.
     * A number does not change between `external` and the carrier account while it
     * is in the inventory: importing it as the other kind is NUMBER_IN_USE.
     * Errors of the call: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE). Errors of a number:
     * NOT_FOUND (NUMBER_NOT_AT_CARRIER); ALREADY_EXISTS (NUMBER_IN_USE);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE while it is being bought or released;
     * NUMBER_WITHOUT_VOICE); RESOURCE_EXHAUSTED (NUMBER_LIMIT_REACHED, for
     * `external` only); with `configure`, also CARRIER_REFUSED and
     * CARRIER_UNAVAILABLE, unless no number could be set up: then the call fails.
     * </pre>
     */
    default void importNumbers(org.localdial.v1.ImportNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ImportNumbersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getImportNumbersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the numbers that ImportNumbers can add, ordered by phone number: the
     * numbers of the organization's carrier account that no organization has,
     * neither in its inventory nor as its organization number. Numbers that cannot
     * be used are left out: short codes, and numbers that take no voice calls.
     * Where several organizations share a carrier account, this is for admins.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    default void listImportableNumbers(org.localdial.v1.ListImportableNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListImportableNumbersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListImportableNumbersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Compares the inventory with the carrier and settles what is open: an order
     * that went through is adopted, an order that did not is dropped, and a
     * release that was not confirmed is repeated. Any other difference is
     * reported and left as it is, unless `configure` is set; in particular, a
     * number at the carrier that no organization has is never released. Numbers of
     * the carrier `external` are left out. The server also settles open orders and
     * releases when it starts and at regular intervals.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    default void reconcileNumbers(org.localdial.v1.ReconcileNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ReconcileNumbersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getReconcileNumbersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes numbers. Calls stop using a number at once, its area code mappings
     * are removed, and it is released at the carrier; a number of the carrier
     * `external` is only forgotten, and call-backs to it are no longer routed.
     * While the carrier has not confirmed the release, the number is returned with
     * the state `NUMBER_STATE_RELEASING`, and the server keeps trying. If the carrier
     * refuses the release, `release_status` of the number says why: deleting it
     * again, with another `request_id`, asks the carrier again at once. A number
     * that is also a user's caller ID or the organization number is still shown as
     * such: change those first.
     * A number that fails does not affect the others.
     * Errors of the call: NOT_FOUND (ORGANIZATION_NOT_FOUND); ALREADY_EXISTS
     * (REQUEST_ID_REUSED). Errors of a number: NOT_FOUND (NUMBER_NOT_FOUND);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE) while it is being bought.
     * </pre>
     */
    default void deleteNumbers(org.localdial.v1.DeleteNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.DeleteNumbersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteNumbersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Maps area codes to a number, so that it is shown to callees there when the
     * organization owns no number with their area code. An area code that is
     * already mapped to the number stays mapped. One area code may be mapped to
     * several numbers.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE); INVALID_ARGUMENT (INVALID_FIELDS),
     * also for an area code that does not exist, is not geographic, or is the
     * number's own.
     * </pre>
     */
    default void mapAreaCodes(org.localdial.v1.MapAreaCodesRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.MapAreaCodesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getMapAreaCodesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Removes mappings of area codes to a number. An area code that is not mapped
     * to the number is not an error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND).
     * </pre>
     */
    default void unmapAreaCodes(org.localdial.v1.UnmapAreaCodesRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.UnmapAreaCodesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUnmapAreaCodesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Counts the recorded outbound calls of the last days: how often each number
     * was shown, how many callees saw a local number, and which area codes were
     * called without one. Calls are counted in the background, within a few minutes
     * of their record. Calls that were deleted as old records stay counted, and so do
     * the calls of an organization that is deleted and created again.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    default void getUsage(org.localdial.v1.GetUsageRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetUsageResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetUsageMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service NumberInventory.
   * <pre>
   * The local presence numbers of organizations: list, buy, import and delete
   * them, and map area codes to them. All users of an organization share its
   * numbers; no other organization can use them.
   * </pre>
   */
  public static abstract class NumberInventoryImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return NumberInventoryGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service NumberInventory.
   * <pre>
   * The local presence numbers of organizations: list, buy, import and delete
   * them, and map area codes to them. All users of an organization share its
   * numbers; no other organization can use them.
   * </pre>
   */
  public static final class NumberInventoryStub
      extends io.grpc.stub.AbstractAsyncStub<NumberInventoryStub> {
    private NumberInventoryStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected NumberInventoryStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new NumberInventoryStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists the organization's numbers, ordered by phone number.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public void listNumbers(org.localdial.v1.ListNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListNumbersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListNumbersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns one number of the organization.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND).
     * </pre>
     */
    public void getNumber(org.localdial.v1.GetNumberRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetNumberResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetNumberMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Asks the carrier which numbers it has for sale in an area code. Nothing is
     * reserved: a number may be gone when it is ordered. If the carrier has none,
     * the list is empty; that is not an error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public void searchAvailableNumbers(org.localdial.v1.SearchAvailableNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.SearchAvailableNumbersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getSearchAvailableNumbersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Buys numbers in an area code. Calls use a number as soon as the response is
     * sent. If the carrier has fewer numbers than requested, all that it has are
     * bought; `unfilled_count` says how many are missing, and `unfilled_status`
     * why. A number that takes no voice calls, although the carrier offered it
     * with voice, is released: the response has it as RELEASING.
     * A purchase goes on when the client stops waiting for it: repeat the call
     * with the same `request_id` to learn the result. If the purchase is not done
     * shortly before the deadline of the call, the call fails with
     * PURCHASE_PENDING and the purchase goes on.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NO_NUMBERS_AVAILABLE);
     * ALREADY_EXISTS (REQUEST_ID_REUSED); FAILED_PRECONDITION (CARRIER_REFUSED);
     * RESOURCE_EXHAUSTED (NUMBER_LIMIT_REACHED, PURCHASE_LIMIT_REACHED);
     * UNAVAILABLE (PURCHASE_PENDING, CARRIER_UNAVAILABLE).
     * </pre>
     */
    public void purchaseNumbers(org.localdial.v1.PurchaseNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.PurchaseNumbersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getPurchaseNumbersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Adds numbers to the inventory that the carrier account already owns. A
     * number that fails does not affect the others. A number that is already in
     * the organization's inventory is returned as it is.
     * Nothing is changed at the carrier unless `configure` is set; a number that
     * is already in the inventory is then set up there too.
     * Where several organizations share a carrier account, only admins may import
     * its numbers.
     * With the `carrier` `external`, adds numbers that are held at another
     * carrier. Calls show them and call-backs to them are routed like all others,
     * but no carrier is ever asked about them: they are never bought, configured
     * or released, ReconcileNumbers leaves them out, and deleting them only forgets
     * them. The caller attests that the organization has the right to show them, so
     * only admins may import such numbers.
     * A number does not change between `external` and the carrier account while it
     * is in the inventory: importing it as the other kind is NUMBER_IN_USE.
     * Errors of the call: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE). Errors of a number:
     * NOT_FOUND (NUMBER_NOT_AT_CARRIER); ALREADY_EXISTS (NUMBER_IN_USE);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE while it is being bought or released;
     * NUMBER_WITHOUT_VOICE); RESOURCE_EXHAUSTED (NUMBER_LIMIT_REACHED, for
     * `external` only); with `configure`, also CARRIER_REFUSED and
     * CARRIER_UNAVAILABLE, unless no number could be set up: then the call fails.
     * </pre>
     */
    public void importNumbers(org.localdial.v1.ImportNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ImportNumbersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getImportNumbersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the numbers that ImportNumbers can add, ordered by phone number: the
     * numbers of the organization's carrier account that no organization has,
     * neither in its inventory nor as its organization number. Numbers that cannot
     * be used are left out: short codes, and numbers that take no voice calls.
     * Where several organizations share a carrier account, this is for admins.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public void listImportableNumbers(org.localdial.v1.ListImportableNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListImportableNumbersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListImportableNumbersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Compares the inventory with the carrier and settles what is open: an order
     * that went through is adopted, an order that did not is dropped, and a
     * release that was not confirmed is repeated. Any other difference is
     * reported and left as it is, unless `configure` is set; in particular, a
     * number at the carrier that no organization has is never released. Numbers of
     * the carrier `external` are left out. The server also settles open orders and
     * releases when it starts and at regular intervals.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public void reconcileNumbers(org.localdial.v1.ReconcileNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ReconcileNumbersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getReconcileNumbersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes numbers. Calls stop using a number at once, its area code mappings
     * are removed, and it is released at the carrier; a number of the carrier
     * `external` is only forgotten, and call-backs to it are no longer routed.
     * While the carrier has not confirmed the release, the number is returned with
     * the state `NUMBER_STATE_RELEASING`, and the server keeps trying. If the carrier
     * refuses the release, `release_status` of the number says why: deleting it
     * again, with another `request_id`, asks the carrier again at once. A number
     * that is also a user's caller ID or the organization number is still shown as
     * such: change those first.
     * A number that fails does not affect the others.
     * Errors of the call: NOT_FOUND (ORGANIZATION_NOT_FOUND); ALREADY_EXISTS
     * (REQUEST_ID_REUSED). Errors of a number: NOT_FOUND (NUMBER_NOT_FOUND);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE) while it is being bought.
     * </pre>
     */
    public void deleteNumbers(org.localdial.v1.DeleteNumbersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.DeleteNumbersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteNumbersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Maps area codes to a number, so that it is shown to callees there when the
     * organization owns no number with their area code. An area code that is
     * already mapped to the number stays mapped. One area code may be mapped to
     * several numbers.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE); INVALID_ARGUMENT (INVALID_FIELDS),
     * also for an area code that does not exist, is not geographic, or is the
     * number's own.
     * </pre>
     */
    public void mapAreaCodes(org.localdial.v1.MapAreaCodesRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.MapAreaCodesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getMapAreaCodesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Removes mappings of area codes to a number. An area code that is not mapped
     * to the number is not an error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND).
     * </pre>
     */
    public void unmapAreaCodes(org.localdial.v1.UnmapAreaCodesRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.UnmapAreaCodesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUnmapAreaCodesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Counts the recorded outbound calls of the last days: how often each number
     * was shown, how many callees saw a local number, and which area codes were
     * called without one. Calls are counted in the background, within a few minutes
     * of their record. Calls that were deleted as old records stay counted, and so do
     * the calls of an organization that is deleted and created again.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public void getUsage(org.localdial.v1.GetUsageRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetUsageResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetUsageMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service NumberInventory.
   * <pre>
   * The local presence numbers of organizations: list, buy, import and delete
   * them, and map area codes to them. All users of an organization share its
   * numbers; no other organization can use them.
   * </pre>
   */
  public static final class NumberInventoryBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<NumberInventoryBlockingV2Stub> {
    private NumberInventoryBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected NumberInventoryBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new NumberInventoryBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists the organization's numbers, ordered by phone number.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.ListNumbersResponse listNumbers(org.localdial.v1.ListNumbersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns one number of the organization.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.GetNumberResponse getNumber(org.localdial.v1.GetNumberRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetNumberMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Asks the carrier which numbers it has for sale in an area code. Nothing is
     * reserved: a number may be gone when it is ordered. If the carrier has none,
     * the list is empty; that is not an error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.SearchAvailableNumbersResponse searchAvailableNumbers(org.localdial.v1.SearchAvailableNumbersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getSearchAvailableNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Buys numbers in an area code. Calls use a number as soon as the response is
     * sent. If the carrier has fewer numbers than requested, all that it has are
     * bought; `unfilled_count` says how many are missing, and `unfilled_status`
     * why. A number that takes no voice calls, although the carrier offered it
     * with voice, is released: the response has it as RELEASING.
     * A purchase goes on when the client stops waiting for it: repeat the call
     * with the same `request_id` to learn the result. If the purchase is not done
     * shortly before the deadline of the call, the call fails with
     * PURCHASE_PENDING and the purchase goes on.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NO_NUMBERS_AVAILABLE);
     * ALREADY_EXISTS (REQUEST_ID_REUSED); FAILED_PRECONDITION (CARRIER_REFUSED);
     * RESOURCE_EXHAUSTED (NUMBER_LIMIT_REACHED, PURCHASE_LIMIT_REACHED);
     * UNAVAILABLE (PURCHASE_PENDING, CARRIER_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.PurchaseNumbersResponse purchaseNumbers(org.localdial.v1.PurchaseNumbersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getPurchaseNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Adds numbers to the inventory that the carrier account already owns. A
     * number that fails does not affect the others. A number that is already in
     * the organization's inventory is returned as it is.
     * Nothing is changed at the carrier unless `configure` is set; a number that
     * is already in the inventory is then set up there too.
     * Where several organizations share a carrier account, only admins may import
     * its numbers.
     * With the `carrier` `external`, adds numbers that are held at another
     * carrier. Calls show them and call-backs to them are routed like all others,
     * but no carrier is ever asked about them: they are never bought, configured
     * or released, ReconcileNumbers leaves them out, and deleting them only forgets
     * them. The caller attests that the organization has the right to show them, so
     * only admins may import such numbers.
     * A number does not change between `external` and the carrier account while it
     * is in the inventory: importing it as the other kind is NUMBER_IN_USE.
     * Errors of the call: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE). Errors of a number:
     * NOT_FOUND (NUMBER_NOT_AT_CARRIER); ALREADY_EXISTS (NUMBER_IN_USE);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE while it is being bought or released;
     * NUMBER_WITHOUT_VOICE); RESOURCE_EXHAUSTED (NUMBER_LIMIT_REACHED, for
     * `external` only); with `configure`, also CARRIER_REFUSED and
     * CARRIER_UNAVAILABLE, unless no number could be set up: then the call fails.
     * </pre>
     */
    public org.localdial.v1.ImportNumbersResponse importNumbers(org.localdial.v1.ImportNumbersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getImportNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the numbers that ImportNumbers can add, ordered by phone number: the
     * numbers of the organization's carrier account that no organization has,
     * neither in its inventory nor as its organization number. Numbers that cannot
     * be used are left out: short codes, and numbers that take no voice calls.
     * Where several organizations share a carrier account, this is for admins.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.ListImportableNumbersResponse listImportableNumbers(org.localdial.v1.ListImportableNumbersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListImportableNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Compares the inventory with the carrier and settles what is open: an order
     * that went through is adopted, an order that did not is dropped, and a
     * release that was not confirmed is repeated. Any other difference is
     * reported and left as it is, unless `configure` is set; in particular, a
     * number at the carrier that no organization has is never released. Numbers of
     * the carrier `external` are left out. The server also settles open orders and
     * releases when it starts and at regular intervals.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.ReconcileNumbersResponse reconcileNumbers(org.localdial.v1.ReconcileNumbersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getReconcileNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes numbers. Calls stop using a number at once, its area code mappings
     * are removed, and it is released at the carrier; a number of the carrier
     * `external` is only forgotten, and call-backs to it are no longer routed.
     * While the carrier has not confirmed the release, the number is returned with
     * the state `NUMBER_STATE_RELEASING`, and the server keeps trying. If the carrier
     * refuses the release, `release_status` of the number says why: deleting it
     * again, with another `request_id`, asks the carrier again at once. A number
     * that is also a user's caller ID or the organization number is still shown as
     * such: change those first.
     * A number that fails does not affect the others.
     * Errors of the call: NOT_FOUND (ORGANIZATION_NOT_FOUND); ALREADY_EXISTS
     * (REQUEST_ID_REUSED). Errors of a number: NOT_FOUND (NUMBER_NOT_FOUND);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE) while it is being bought.
     * </pre>
     */
    public org.localdial.v1.DeleteNumbersResponse deleteNumbers(org.localdial.v1.DeleteNumbersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Maps area codes to a number, so that it is shown to callees there when the
     * organization owns no number with their area code. An area code that is
     * already mapped to the number stays mapped. One area code may be mapped to
     * several numbers.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE); INVALID_ARGUMENT (INVALID_FIELDS),
     * also for an area code that does not exist, is not geographic, or is the
     * number's own.
     * </pre>
     */
    public org.localdial.v1.MapAreaCodesResponse mapAreaCodes(org.localdial.v1.MapAreaCodesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getMapAreaCodesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Removes mappings of area codes to a number. An area code that is not mapped
     * to the number is not an error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.UnmapAreaCodesResponse unmapAreaCodes(org.localdial.v1.UnmapAreaCodesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUnmapAreaCodesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Counts the recorded outbound calls of the last days: how often each number
     * was shown, how many callees saw a local number, and which area codes were
     * called without one. Calls are counted in the background, within a few minutes
     * of their record. Calls that were deleted as old records stay counted, and so do
     * the calls of an organization that is deleted and created again.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.GetUsageResponse getUsage(org.localdial.v1.GetUsageRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetUsageMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service NumberInventory.
   * <pre>
   * The local presence numbers of organizations: list, buy, import and delete
   * them, and map area codes to them. All users of an organization share its
   * numbers; no other organization can use them.
   * </pre>
   */
  public static final class NumberInventoryBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<NumberInventoryBlockingStub> {
    private NumberInventoryBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected NumberInventoryBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new NumberInventoryBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists the organization's numbers, ordered by phone number.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.ListNumbersResponse listNumbers(org.localdial.v1.ListNumbersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns one number of the organization.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.GetNumberResponse getNumber(org.localdial.v1.GetNumberRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetNumberMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Asks the carrier which numbers it has for sale in an area code. Nothing is
     * reserved: a number may be gone when it is ordered. If the carrier has none,
     * the list is empty; that is not an error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.SearchAvailableNumbersResponse searchAvailableNumbers(org.localdial.v1.SearchAvailableNumbersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getSearchAvailableNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Buys numbers in an area code. Calls use a number as soon as the response is
     * sent. If the carrier has fewer numbers than requested, all that it has are
     * bought; `unfilled_count` says how many are missing, and `unfilled_status`
     * why. A number that takes no voice calls, although the carrier offered it
     * with voice, is released: the response has it as RELEASING.
     * A purchase goes on when the client stops waiting for it: repeat the call
     * with the same `request_id` to learn the result. If the purchase is not done
     * shortly before the deadline of the call, the call fails with
     * PURCHASE_PENDING and the purchase goes on.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NO_NUMBERS_AVAILABLE);
     * ALREADY_EXISTS (REQUEST_ID_REUSED); FAILED_PRECONDITION (CARRIER_REFUSED);
     * RESOURCE_EXHAUSTED (NUMBER_LIMIT_REACHED, PURCHASE_LIMIT_REACHED);
     * UNAVAILABLE (PURCHASE_PENDING, CARRIER_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.PurchaseNumbersResponse purchaseNumbers(org.localdial.v1.PurchaseNumbersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getPurchaseNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Adds numbers to the inventory that the carrier account already owns. A
     * number that fails does not affect the others. A number that is already in
     * the organization's inventory is returned as it is.
     * Nothing is changed at the carrier unless `configure` is set; a number that
     * is already in the inventory is then set up there too.
     * Where several organizations share a carrier account, only admins may import
     * its numbers.
     * With the `carrier` `external`, adds numbers that are held at another
     * carrier. Calls show them and call-backs to them are routed like all others,
     * but no carrier is ever asked about them: they are never bought, configured
     * or released, ReconcileNumbers leaves them out, and deleting them only forgets
     * them. The caller attests that the organization has the right to show them, so
     * only admins may import such numbers.
     * A number does not change between `external` and the carrier account while it
     * is in the inventory: importing it as the other kind is NUMBER_IN_USE.
     * Errors of the call: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE). Errors of a number:
     * NOT_FOUND (NUMBER_NOT_AT_CARRIER); ALREADY_EXISTS (NUMBER_IN_USE);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE while it is being bought or released;
     * NUMBER_WITHOUT_VOICE); RESOURCE_EXHAUSTED (NUMBER_LIMIT_REACHED, for
     * `external` only); with `configure`, also CARRIER_REFUSED and
     * CARRIER_UNAVAILABLE, unless no number could be set up: then the call fails.
     * </pre>
     */
    public org.localdial.v1.ImportNumbersResponse importNumbers(org.localdial.v1.ImportNumbersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getImportNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the numbers that ImportNumbers can add, ordered by phone number: the
     * numbers of the organization's carrier account that no organization has,
     * neither in its inventory nor as its organization number. Numbers that cannot
     * be used are left out: short codes, and numbers that take no voice calls.
     * Where several organizations share a carrier account, this is for admins.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.ListImportableNumbersResponse listImportableNumbers(org.localdial.v1.ListImportableNumbersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListImportableNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Compares the inventory with the carrier and settles what is open: an order
     * that went through is adopted, an order that did not is dropped, and a
     * release that was not confirmed is repeated. Any other difference is
     * reported and left as it is, unless `configure` is set; in particular, a
     * number at the carrier that no organization has is never released. Numbers of
     * the carrier `external` are left out. The server also settles open orders and
     * releases when it starts and at regular intervals.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.ReconcileNumbersResponse reconcileNumbers(org.localdial.v1.ReconcileNumbersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getReconcileNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes numbers. Calls stop using a number at once, its area code mappings
     * are removed, and it is released at the carrier; a number of the carrier
     * `external` is only forgotten, and call-backs to it are no longer routed.
     * While the carrier has not confirmed the release, the number is returned with
     * the state `NUMBER_STATE_RELEASING`, and the server keeps trying. If the carrier
     * refuses the release, `release_status` of the number says why: deleting it
     * again, with another `request_id`, asks the carrier again at once. A number
     * that is also a user's caller ID or the organization number is still shown as
     * such: change those first.
     * A number that fails does not affect the others.
     * Errors of the call: NOT_FOUND (ORGANIZATION_NOT_FOUND); ALREADY_EXISTS
     * (REQUEST_ID_REUSED). Errors of a number: NOT_FOUND (NUMBER_NOT_FOUND);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE) while it is being bought.
     * </pre>
     */
    public org.localdial.v1.DeleteNumbersResponse deleteNumbers(org.localdial.v1.DeleteNumbersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteNumbersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Maps area codes to a number, so that it is shown to callees there when the
     * organization owns no number with their area code. An area code that is
     * already mapped to the number stays mapped. One area code may be mapped to
     * several numbers.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE); INVALID_ARGUMENT (INVALID_FIELDS),
     * also for an area code that does not exist, is not geographic, or is the
     * number's own.
     * </pre>
     */
    public org.localdial.v1.MapAreaCodesResponse mapAreaCodes(org.localdial.v1.MapAreaCodesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getMapAreaCodesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Removes mappings of area codes to a number. An area code that is not mapped
     * to the number is not an error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.UnmapAreaCodesResponse unmapAreaCodes(org.localdial.v1.UnmapAreaCodesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUnmapAreaCodesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Counts the recorded outbound calls of the last days: how often each number
     * was shown, how many callees saw a local number, and which area codes were
     * called without one. Calls are counted in the background, within a few minutes
     * of their record. Calls that were deleted as old records stay counted, and so do
     * the calls of an organization that is deleted and created again.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.GetUsageResponse getUsage(org.localdial.v1.GetUsageRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetUsageMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service NumberInventory.
   * <pre>
   * The local presence numbers of organizations: list, buy, import and delete
   * them, and map area codes to them. All users of an organization share its
   * numbers; no other organization can use them.
   * </pre>
   */
  public static final class NumberInventoryFutureStub
      extends io.grpc.stub.AbstractFutureStub<NumberInventoryFutureStub> {
    private NumberInventoryFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected NumberInventoryFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new NumberInventoryFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists the organization's numbers, ordered by phone number.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ListNumbersResponse> listNumbers(
        org.localdial.v1.ListNumbersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListNumbersMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns one number of the organization.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.GetNumberResponse> getNumber(
        org.localdial.v1.GetNumberRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetNumberMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Asks the carrier which numbers it has for sale in an area code. Nothing is
     * reserved: a number may be gone when it is ordered. If the carrier has none,
     * the list is empty; that is not an error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.SearchAvailableNumbersResponse> searchAvailableNumbers(
        org.localdial.v1.SearchAvailableNumbersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getSearchAvailableNumbersMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Buys numbers in an area code. Calls use a number as soon as the response is
     * sent. If the carrier has fewer numbers than requested, all that it has are
     * bought; `unfilled_count` says how many are missing, and `unfilled_status`
     * why. A number that takes no voice calls, although the carrier offered it
     * with voice, is released: the response has it as RELEASING.
     * A purchase goes on when the client stops waiting for it: repeat the call
     * with the same `request_id` to learn the result. If the purchase is not done
     * shortly before the deadline of the call, the call fails with
     * PURCHASE_PENDING and the purchase goes on.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NO_NUMBERS_AVAILABLE);
     * ALREADY_EXISTS (REQUEST_ID_REUSED); FAILED_PRECONDITION (CARRIER_REFUSED);
     * RESOURCE_EXHAUSTED (NUMBER_LIMIT_REACHED, PURCHASE_LIMIT_REACHED);
     * UNAVAILABLE (PURCHASE_PENDING, CARRIER_UNAVAILABLE).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.PurchaseNumbersResponse> purchaseNumbers(
        org.localdial.v1.PurchaseNumbersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getPurchaseNumbersMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Adds numbers to the inventory that the carrier account already owns. A
     * number that fails does not affect the others. A number that is already in
     * the organization's inventory is returned as it is.
     * Nothing is changed at the carrier unless `configure` is set; a number that
     * is already in the inventory is then set up there too.
     * Where several organizations share a carrier account, only admins may import
     * its numbers.
     * With the `carrier` `external`, adds numbers that are held at another
     * carrier. Calls show them and call-backs to them are routed like all others,
     * but no carrier is ever asked about them: they are never bought, configured
     * or released, ReconcileNumbers leaves them out, and deleting them only forgets
     * them. The caller attests that the organization has the right to show them, so
     * only admins may import such numbers.
     * A number does not change between `external` and the carrier account while it
     * is in the inventory: importing it as the other kind is NUMBER_IN_USE.
     * Errors of the call: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE). Errors of a number:
     * NOT_FOUND (NUMBER_NOT_AT_CARRIER); ALREADY_EXISTS (NUMBER_IN_USE);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE while it is being bought or released;
     * NUMBER_WITHOUT_VOICE); RESOURCE_EXHAUSTED (NUMBER_LIMIT_REACHED, for
     * `external` only); with `configure`, also CARRIER_REFUSED and
     * CARRIER_UNAVAILABLE, unless no number could be set up: then the call fails.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ImportNumbersResponse> importNumbers(
        org.localdial.v1.ImportNumbersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getImportNumbersMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the numbers that ImportNumbers can add, ordered by phone number: the
     * numbers of the organization's carrier account that no organization has,
     * neither in its inventory nor as its organization number. Numbers that cannot
     * be used are left out: short codes, and numbers that take no voice calls.
     * Where several organizations share a carrier account, this is for admins.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ListImportableNumbersResponse> listImportableNumbers(
        org.localdial.v1.ListImportableNumbersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListImportableNumbersMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Compares the inventory with the carrier and settles what is open: an order
     * that went through is adopted, an order that did not is dropped, and a
     * release that was not confirmed is repeated. Any other difference is
     * reported and left as it is, unless `configure` is set; in particular, a
     * number at the carrier that no organization has is never released. Numbers of
     * the carrier `external` are left out. The server also settles open orders and
     * releases when it starts and at regular intervals.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (CARRIER_REFUSED); UNAVAILABLE (CARRIER_UNAVAILABLE).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ReconcileNumbersResponse> reconcileNumbers(
        org.localdial.v1.ReconcileNumbersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getReconcileNumbersMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes numbers. Calls stop using a number at once, its area code mappings
     * are removed, and it is released at the carrier; a number of the carrier
     * `external` is only forgotten, and call-backs to it are no longer routed.
     * While the carrier has not confirmed the release, the number is returned with
     * the state `NUMBER_STATE_RELEASING`, and the server keeps trying. If the carrier
     * refuses the release, `release_status` of the number says why: deleting it
     * again, with another `request_id`, asks the carrier again at once. A number
     * that is also a user's caller ID or the organization number is still shown as
     * such: change those first.
     * A number that fails does not affect the others.
     * Errors of the call: NOT_FOUND (ORGANIZATION_NOT_FOUND); ALREADY_EXISTS
     * (REQUEST_ID_REUSED). Errors of a number: NOT_FOUND (NUMBER_NOT_FOUND);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE) while it is being bought.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.DeleteNumbersResponse> deleteNumbers(
        org.localdial.v1.DeleteNumbersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteNumbersMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Maps area codes to a number, so that it is shown to callees there when the
     * organization owns no number with their area code. An area code that is
     * already mapped to the number stays mapped. One area code may be mapped to
     * several numbers.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND);
     * FAILED_PRECONDITION (NUMBER_NOT_ACTIVE); INVALID_ARGUMENT (INVALID_FIELDS),
     * also for an area code that does not exist, is not geographic, or is the
     * number's own.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.MapAreaCodesResponse> mapAreaCodes(
        org.localdial.v1.MapAreaCodesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getMapAreaCodesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Removes mappings of area codes to a number. An area code that is not mapped
     * to the number is not an error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, NUMBER_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.UnmapAreaCodesResponse> unmapAreaCodes(
        org.localdial.v1.UnmapAreaCodesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUnmapAreaCodesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Counts the recorded outbound calls of the last days: how often each number
     * was shown, how many callees saw a local number, and which area codes were
     * called without one. Calls are counted in the background, within a few minutes
     * of their record. Calls that were deleted as old records stay counted, and so do
     * the calls of an organization that is deleted and created again.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.GetUsageResponse> getUsage(
        org.localdial.v1.GetUsageRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetUsageMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_LIST_NUMBERS = 0;
  private static final int METHODID_GET_NUMBER = 1;
  private static final int METHODID_SEARCH_AVAILABLE_NUMBERS = 2;
  private static final int METHODID_PURCHASE_NUMBERS = 3;
  private static final int METHODID_IMPORT_NUMBERS = 4;
  private static final int METHODID_LIST_IMPORTABLE_NUMBERS = 5;
  private static final int METHODID_RECONCILE_NUMBERS = 6;
  private static final int METHODID_DELETE_NUMBERS = 7;
  private static final int METHODID_MAP_AREA_CODES = 8;
  private static final int METHODID_UNMAP_AREA_CODES = 9;
  private static final int METHODID_GET_USAGE = 10;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_LIST_NUMBERS:
          serviceImpl.listNumbers((org.localdial.v1.ListNumbersRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ListNumbersResponse>) responseObserver);
          break;
        case METHODID_GET_NUMBER:
          serviceImpl.getNumber((org.localdial.v1.GetNumberRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.GetNumberResponse>) responseObserver);
          break;
        case METHODID_SEARCH_AVAILABLE_NUMBERS:
          serviceImpl.searchAvailableNumbers((org.localdial.v1.SearchAvailableNumbersRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.SearchAvailableNumbersResponse>) responseObserver);
          break;
        case METHODID_PURCHASE_NUMBERS:
          serviceImpl.purchaseNumbers((org.localdial.v1.PurchaseNumbersRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.PurchaseNumbersResponse>) responseObserver);
          break;
        case METHODID_IMPORT_NUMBERS:
          serviceImpl.importNumbers((org.localdial.v1.ImportNumbersRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ImportNumbersResponse>) responseObserver);
          break;
        case METHODID_LIST_IMPORTABLE_NUMBERS:
          serviceImpl.listImportableNumbers((org.localdial.v1.ListImportableNumbersRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ListImportableNumbersResponse>) responseObserver);
          break;
        case METHODID_RECONCILE_NUMBERS:
          serviceImpl.reconcileNumbers((org.localdial.v1.ReconcileNumbersRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ReconcileNumbersResponse>) responseObserver);
          break;
        case METHODID_DELETE_NUMBERS:
          serviceImpl.deleteNumbers((org.localdial.v1.DeleteNumbersRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.DeleteNumbersResponse>) responseObserver);
          break;
        case METHODID_MAP_AREA_CODES:
          serviceImpl.mapAreaCodes((org.localdial.v1.MapAreaCodesRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.MapAreaCodesResponse>) responseObserver);
          break;
        case METHODID_UNMAP_AREA_CODES:
          serviceImpl.unmapAreaCodes((org.localdial.v1.UnmapAreaCodesRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.UnmapAreaCodesResponse>) responseObserver);
          break;
        case METHODID_GET_USAGE:
          serviceImpl.getUsage((org.localdial.v1.GetUsageRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.GetUsageResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getListNumbersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ListNumbersRequest,
              org.localdial.v1.ListNumbersResponse>(
                service, METHODID_LIST_NUMBERS)))
        .addMethod(
          getGetNumberMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.GetNumberRequest,
              org.localdial.v1.GetNumberResponse>(
                service, METHODID_GET_NUMBER)))
        .addMethod(
          getSearchAvailableNumbersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.SearchAvailableNumbersRequest,
              org.localdial.v1.SearchAvailableNumbersResponse>(
                service, METHODID_SEARCH_AVAILABLE_NUMBERS)))
        .addMethod(
          getPurchaseNumbersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.PurchaseNumbersRequest,
              org.localdial.v1.PurchaseNumbersResponse>(
                service, METHODID_PURCHASE_NUMBERS)))
        .addMethod(
          getImportNumbersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ImportNumbersRequest,
              org.localdial.v1.ImportNumbersResponse>(
                service, METHODID_IMPORT_NUMBERS)))
        .addMethod(
          getListImportableNumbersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ListImportableNumbersRequest,
              org.localdial.v1.ListImportableNumbersResponse>(
                service, METHODID_LIST_IMPORTABLE_NUMBERS)))
        .addMethod(
          getReconcileNumbersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ReconcileNumbersRequest,
              org.localdial.v1.ReconcileNumbersResponse>(
                service, METHODID_RECONCILE_NUMBERS)))
        .addMethod(
          getDeleteNumbersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.DeleteNumbersRequest,
              org.localdial.v1.DeleteNumbersResponse>(
                service, METHODID_DELETE_NUMBERS)))
        .addMethod(
          getMapAreaCodesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.MapAreaCodesRequest,
              org.localdial.v1.MapAreaCodesResponse>(
                service, METHODID_MAP_AREA_CODES)))
        .addMethod(
          getUnmapAreaCodesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.UnmapAreaCodesRequest,
              org.localdial.v1.UnmapAreaCodesResponse>(
                service, METHODID_UNMAP_AREA_CODES)))
        .addMethod(
          getGetUsageMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.GetUsageRequest,
              org.localdial.v1.GetUsageResponse>(
                service, METHODID_GET_USAGE)))
        .build();
  }

  private static abstract class NumberInventoryBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    NumberInventoryBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return org.localdial.v1.NumberInventoryProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("NumberInventory");
    }
  }

  private static final class NumberInventoryFileDescriptorSupplier
      extends NumberInventoryBaseDescriptorSupplier {
    NumberInventoryFileDescriptorSupplier() {}
  }

  private static final class NumberInventoryMethodDescriptorSupplier
      extends NumberInventoryBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    NumberInventoryMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (NumberInventoryGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new NumberInventoryFileDescriptorSupplier())
              .addMethod(getListNumbersMethod())
              .addMethod(getGetNumberMethod())
              .addMethod(getSearchAvailableNumbersMethod())
              .addMethod(getPurchaseNumbersMethod())
              .addMethod(getImportNumbersMethod())
              .addMethod(getListImportableNumbersMethod())
              .addMethod(getReconcileNumbersMethod())
              .addMethod(getDeleteNumbersMethod())
              .addMethod(getMapAreaCodesMethod())
              .addMethod(getUnmapAreaCodesMethod())
              .addMethod(getGetUsageMethod())
              .build();
        }
      }
    }
    return result;
  }
}
